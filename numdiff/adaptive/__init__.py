"""The estimator of a derivative of a black box: nodes, extrapolation, noise, and an error bar that is one."""
