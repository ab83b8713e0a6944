"""Rules that behave as libraries may: one does not return, one ends its process, one writes by itself, one is slow."""

import os
import time

from numdiff.rules.base import Choice


class Odd:
    """At x = 2 it does what its name says; elsewhere it returns x as the derivative."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, f, x, fmt, formula, noise, domain):
        if x == 2:
            getattr(self, self.name)()
        return Choice(derivative=x, reason="a doubt")

    def stays(self) -> None:
        os.write(2, b" ** before it stays\n")
        while True:
            pass

    def leaves(self) -> None:
        os._exit(7)

    def writes(self) -> None:
        for _ in range(2):
            os.write(2, b" ** On entry  to DLASCL\n")
        os.write(1, b"and on the other stream\n")

    def fails(self) -> None:
        raise OSError("not its day")

    def waits(self) -> None:
        time.sleep(0.7)
