"""Reads the expression itself, by recursive descent."""

import re

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*|\.\d+)|([A-Za-z_]\w*)|(.))")


class Reader:
    def __init__(self, text, variables):
        self.tokens = [match.groups() for match in TOKEN.finditer(text.strip())]
        self.variables = variables
        self.at = 0

    def peek(self):
        return self.tokens[self.at][2] if self.at < len(self.tokens) else None

    def sum(self):
        value = self.product()
        while self.peek() in ("+", "-"):
            sign = self.tokens[self.at][2]
            self.at += 1
            value = value + self.product() if sign == "+" else value - self.product()
        return value

    def product(self):
        value = self.factor()
        while self.peek() in ("*", "/"):
            sign = self.tokens[self.at][2]
            self.at += 1
            value = value * self.factor() if sign == "*" else value / self.factor()
        return value

    def factor(self):
        if self.at >= len(self.tokens):
            raise ValueError("the expression ends too early")
        number, name, sign = self.tokens[self.at]
        self.at += 1
        if number:
            return float(number)
        if name:
            if name not in self.variables:
                raise ValueError(f"no variable {name}")
            return float(self.variables[name])
        if sign in ("-", "+"):
            return -self.factor() if sign == "-" else self.factor()
        if sign == "(":
            value = self.sum()
            if self.peek() != ")":
                raise ValueError("a parenthesis is open")
            self.at += 1
            return value
        raise ValueError(f"unexpected {sign}")


def evaluate(expression, variables):
    reader = Reader(expression, variables)
    value = reader.sum()
    if reader.at != len(reader.tokens):
        raise ValueError("unexpected text at the end")
    return value
