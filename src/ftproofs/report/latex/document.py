"""The files of an exported document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftproofs import __version__
from ftproofs.check.spots import Seen
from ftproofs.claim import Claim
from ftproofs.report.charts import pictures, residual_words
from ftproofs.report.describe import family_title
from ftproofs.report.filling import Filling
from ftproofs.report.latex import bibliography, claims, tables
from ftproofs.report.latex.panels import caption, pdf
from ftproofs.report.stored import Stored
from ftproofs.symbolic.latex import escape

_MACROS = r"""% Macros of documents exported by ftproofs.
% They need amsmath, amssymb, amsthm, mathtools, array, booktabs, longtable, graphicx, hyperref.
\theoremstyle{plain}
\newtheorem{theorem}{Theorem}
\newtheorem{refutedclaim}[theorem]{Claim, expected to be false}
\newtheorem{trend}[theorem]{Trend}
\newtheorem{corollary}{Corollary}[theorem]
\numberwithin{equation}{theorem}
\makeatletter
\@ifundefined{theHequation}{}{\renewcommand{\theHequation}{\theHtheorem.\arabic{equation}}}
\makeatother
\newcommand{\ftnote}[1]{\par\noindent{\small #1\par}}
\newcommand{\ftsource}[1]{\ftnote{Source: #1.}}
\newcommand{\ftid}[1]{\texttt{\hyphenchar\font=`\-\relax #1}}
\newcommand{\ftword}[1]{\mbox{\textbf{#1}}}
\newcommand{\ftverdict}[4]{\ftnote{Verdict: \textbf{#1}. Derivation: #2. Experiment: #3; #4.}}
\newcommand{\ftcommand}[1]{{\ttfamily\hyphenchar\font=`\-\relax #1}}
\newcommand{\ftunverified}[1]{{\raggedright\ftnote{No stored verdict; \ftcommand{#1} makes one.}}}
\newcommand{\ftpower}[1]{{\raggedright\ftnote{Power: #1.}}}
\newcommand{\ftnoproof}[1]{\ftnote{No derivation.}}
% Name, setting, observed, its bound, what the other side is, the relative error, the command that retrains it.
\newcommand{\ftcounterexample}[7]{\ftnote{#1: #2; observed #3#4, #5, relative #6.
  {\raggedright\ttfamily\footnotesize #7\par}}}
\newcommand{\ftfigure}[2]{\par\smallskip\noindent\includegraphics[width=\linewidth]{#1}\par\nopagebreak\ftnote{#2}}
\newcommand{\ftuses}[1]{\ftnote{Uses #1.}}
\newcommand{\ftcorrected}[1]{\ftnote{Published, refuted; what holds instead is #1.}}
% A claim by its label, or by its name where it is not part of the document.
\makeatletter
\newcommand{\ftclaim}[1]{\@ifundefined{r@clm:#1}{\texttt{#1}}{\cref{clm:#1}}}
\makeatother
% The words of a step, and at the end of the line how it is closed.
\newcommand{\ftstep}[2]{{\noindent #1\unskip\nobreak\hfil\penalty50\hskip1.5em\hbox{}\nobreak\hfil
  {\small\itshape(#2)}\parfillskip=0pt\finalhyphendemerits=0\par}}
% The first step of a display stands above it: TeX would leave an empty line between them.
\newcommand{\ftfirst}[2]{\ftstep{#1}{#2}\nobreak\vskip-\baselineskip\vskip-\parskip\vskip-\abovedisplayskip\vskip4pt}
\newenvironment{ftproof}{\par\smallskip\noindent\textit{Derivation.}\par\nopagebreak}{\par}
\newenvironment{ftvariants}{\par\smallskip\noindent\textit{False variants.}
  \begin{list}{}{\small\leftmargin=1.5em\itemsep=0.4ex\topsep=0.4ex\parsep=0pt}\raggedright}{\end{list}}
\newcommand{\ftvariant}[2]{\item \ftid{#1}\\ #2}
\newcommand{\fttell}[1]{; told apart by: #1}
\newcommand{\ftformula}[1]{ \quad\mbox{#1}}
\newenvironment{ftnotation}[1]
  {\par\medskip\noindent\textbf{#1}\par\nopagebreak\small\renewcommand{\arraystretch}{1.15}%
   \LTpre=0.3\baselineskip\LTpost=0.6\baselineskip
   \begin{longtable}{@{}>{\raggedright}p{0.3\textwidth}>{\raggedright\arraybackslash}p{0.66\textwidth}@{}}}
  {\end{longtable}}
"""

_MAIN = r"""% Exported by ftproofs {version}.  Compile with
%   openin_any=p pdflatex -no-shell-escape main
%   bibtex main
%   openin_any=p pdflatex -no-shell-escape main     (twice)
\documentclass[11pt,a4paper]{{article}}
\usepackage[T1]{{fontenc}}
\usepackage{{lmodern}}
\usepackage[margin=2.5cm]{{geometry}}
\usepackage{{amsmath,amssymb,amsthm,mathtools}}
\usepackage{{array,booktabs,longtable}}
\usepackage{{graphicx,microtype}}
\usepackage[hidelinks]{{hyperref}}
\IfFileExists{{cleveref.sty}}
  {{\usepackage[capitalise,nameinlink]{{cleveref}}\crefname{{refutedclaim}}{{claim}}{{claims}}\crefname{{trend}}{{trend}}{{trends}}}}
  {{\let\cref\autoref}}
\allowdisplaybreaks[2]
\emergencystretch=3em
\input{{macros}}
\providecommand{{\theoremautorefname}}{{Theorem}}
\providecommand{{\refutedclaimautorefname}}{{Claim}}
\providecommand{{\trendautorefname}}{{Trend}}
\title{{Theorems about fine-tuning}}
\author{{Exported by ftproofs {version}}}
\date{{}}
\begin{{document}}
\maketitle
\noindent Formulas are printed from the expressions that were checked. Verdicts are those of
\cref{{tab:verification}}, as a check left them; none is computed by the export.
\tableofcontents
\section{{Verification}}
\input{{verification}}
\section{{Notation}}
\input{{notation}}
{sections}
\appendix
\section{{General theorems cited}}
\input{{axioms}}
\bibliographystyle{{plain}}
\bibliography{{references}}
\end{{document}}
"""


def document(
    chosen: Sequence[Claim],
    families: Mapping[str, Sequence[Claim]],
    stored: Stored,
    seen: Mapping[str, Sequence[Seen]] | None = None,
    filling: Filling | None = None,
) -> dict[str, str | bytes]:
    """The files of a document about these claims, by their path in its folder.

    Args:
        chosen: the claims, in order.
        families: the catalog, for the sections.
        stored: verdicts.
        seen: by claim, the settings of its domain that were measured; without them only what verdicts hold is drawn.
        filling: the commands that fill what is missing.

    Raises:
        UsageError: FT225 an id that cannot be a label; FT408 a damaged stored verdict.
    """
    verdicts = {claim.id: found for claim in chosen if (found := stored.verdict(claim)) is not None}
    files: dict[str, str | bytes] = {}
    for claim in chosen:
        verdict = verdicts.get(claim.id)
        panels = pictures(claim, verdict, (seen or {}).get(claim.id))
        shown = caption(panels, residual_words(claim)) if panels else ""
        files[f"claims/{claim.id}.tex"] = claims.claim_file(
            claim, verdict, stored.verdict, shown, filling=filling, conditions=stored.conditions(claim)
        )
        if panels:
            files[f"figures/{claim.id}.pdf"] = pdf(panels)
    return {
        **files,
        "macros.tex": _MACROS,
        "notation.tex": tables.notation(chosen),
        "axioms.tex": tables.axioms(chosen),
        "verification.tex": tables.verification(chosen, verdicts, stored.common(chosen), filling or Filling()),
        "references.bib": bibliography.bibtex(bibliography.cited(chosen)),
        "main.tex": _MAIN.format(version=__version__, sections=_sections(chosen, families)),
    }


def _sections(chosen: Sequence[Claim], families: Mapping[str, Sequence[Claim]]) -> str:
    """The claims in their families' order, each family a section."""
    home = {claim.id: name for name, members in families.items() for claim in members}
    home |= {v.id: name for name, members in families.items() for claim in members for v in claim.false_variants()}
    lines: list[str] = []
    for name in dict.fromkeys(home.get(claim.id, "") for claim in chosen):
        lines.append(rf"\section{{{escape(family_title(name)) or 'Claims'}}}")
        lines += [rf"\input{{claims/{claim.id}}}" for claim in chosen if home.get(claim.id, "") == name]
    return "\n".join(lines)
