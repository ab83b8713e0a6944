"""The league: methods that choose a step, or a derivative, by themselves, on the same cases by the same measures."""
