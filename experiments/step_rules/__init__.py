"""The league of step rules and libraries: accuracy, cost, failures."""
