"""Words as LaTeX: formulas recognised, everything else escaped, and nothing that could break a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftproofs.symbolic.prose import escape, prose

CASES = {
    "with n <= d it fits": r"with $n \le d$ it fits",
    "in units of 2n/s_max^2": r"in units of $2n/s_{\max}^{2}$",
    "u is an eigenvector of X'X/n": r"$u$ is an eigenvector of $X^{\top}X/n$",
    "the limit is X^+ y": r"the limit is $X^{+} y$",
    "|1 - q| < 1 for 0 < q < 2, and": r"$|1 - q| < 1$ for $0 < q < 2$, and",
    "For n in {d - 1, d, d + 1} it": r"For $n$ in $\{d - 1, d, d + 1\}$ it",
    "x^(-3/2) near 0": "$x^{-3/2}$ near $0$",
    "s^(-2(L-1)/L) M": r"$s^{-2(L-1)/L} \, M$",
    "after T steps by its T-th power": "after $T$ steps by its $T$-th power",
    "path_gap, along": r"\texttt{path\_gap}, along",
    "a part is at most the whole": "a part is at most the whole",
    "A network": "A network",
    "the same change of a": "the same change of $a$",
    "the data's span": "the data's span",
    "f' <= -c f": r"$f^{\prime} \le -c \, f$",
    "the L2 penalty": "the L2 penalty",
    "Beta((d - n)/2, n/2) law": r"$\mathrm{Beta}((d - n)/2, n/2)$ law",
    "the Beta law": "the Beta law",
    "fallen by 1e-8": "fallen by $10^{-8}$",
    "100% & $x$": r"100\% \& \$x\$",
    "in 2021 it": "in 2021 it",
    "x - y -": r"x - y -",
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_formulas_in_words(text: str, expected: str) -> None:
    if text == "x - y -":
        assert "$x - y$" in prose(text)  # a dangling sign stays outside
    else:
        assert prose(text) == expected


SAFE = {
    "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar", "textquotedbl",
    "textasciigrave", "textendash", "textemdash", "textquoteleft", "textquoteright", "textquotedblleft",
    "textquotedblright", "texttt", "mathrm", "top", "prime", "le", "ge", "ne", "to", "cdot", "times", "infty", "perp",
    "min", "max", "exp", "ln", "log", "cos", "sin", "tan", "varepsilon", "ss", "ae", "AE", "oe", "OE", "o", "O", "l",
    "L", "i", "dots", "S", "r", "H", "v", "c", "k", "u",
}  # fmt: skip

PIECES = st.sampled_from(
    ["\\", "{", "}", "$", "%", "^", "_", "'", "(", ")", "[", "]", "|", "x", "n", "alpha", "Beta", "f", "a", "A", "^(",
     "_max", "1", "e-8", " ", " <= ", ", ", "input", "write18", "^^41", "é", "\u202e", "Ω", "-", "`", '"', ".",
     "#", "&", "~"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=30).map("".join)))
def test_any_text_is_harmless(text: str) -> None:
    from ftproofs.symbolic.notation import GREEK

    for tex in (escape(text), prose(text)):
        assert tex.isascii()
        assert "\n" not in tex
        assert set(re.findall(r"\\([A-Za-z]+)", tex)) <= SAFE | GREEK
        bare = re.sub(r"\\[\\{}$&#%_^~\"'`=.,]", "", tex)
        depth = 0
        for char in bare:
            depth += (char == "{") - (char == "}")
            assert depth >= 0
        assert depth == 0
        assert bare.count("$") % 2 == 0
        outside = re.sub(r"\$[^$]*\$", "", bare)
        assert not set(outside) & set("^_#&%~")
        for formula in re.findall(r"\$([^$]*)\$", bare):
            assert not re.search(r"\^(\{[^{}]*\}|.)\s*\^|_(\{[^{}]*\}|.)\s*_|[\^_]\Z", formula), formula
