"""Tables of difference quotients in textbooks, lectures and manuals, computed again."""
