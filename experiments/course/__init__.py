"""The course: a chapter that a student can read alone."""
