"""Every point and every dyadic step of the narrow formats, with proved errors."""
