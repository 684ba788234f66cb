"""`similar`: the output means much the same as the value, by the cosine of their embeddings.

Long texts are read as far as the embedding model reads (MiniLM: 256 tokens). Knows nothing of models but their
references.
"""

from __future__ import annotations

from core.errors import LoupeError
from core.evals.assertion import Assertion
from core.evals.assertions.case import Case, Finding, Judged, graded, quoted
from core.evals.assertions.judges import refuse_provider
from core.evals.assertions.kind import Kind
from core.evals.assertions.needs import problem
from core.evals.assertions.values import filled, references

USUAL = 0.75


def look(judged: Judged) -> Finding:
    """The cosine with the nearest reference.

    Raises:
        LoupeError: the embedding model cannot be loaded, asked, or failed.
    """
    wanted = references(judged.value)
    judging = judged.case.judging
    embedding = _embedding(judged.assertion, judged.case)
    own, *others = judging.vectors.of(embedding, [judged.text, *wanted])
    cosines = [float(own @ other) for other in others]
    best = max(range(len(wanted)), key=cosines.__getitem__)
    what = f"The cosine with {quoted(wanted[best])}"
    return graded(cosines[best], judged.threshold(USUAL), what, cosine=cosines[best], embedding=embedding)


def embedded(assertion: Assertion, case: Case) -> tuple[str, list[str]]:
    """The embedding model and the texts of a case that will be embedded; none where its value cannot be known."""
    try:
        value = filled(assertion.value, case.row.vars)
    except LoupeError:  # a variable is missing: the verdict says so
        return _embedding(assertion, case), []
    value = case.row.vars.get("expected") if value is None else value
    wanted = references(value) if problem("references", value) is None else []
    own = [case.output.text] if assertion.extract is None else []
    return _embedding(assertion, case), [*own, *wanted]


def _embedding(assertion: Assertion, case: Case) -> str:
    return str(assertion.options.get("provider") or case.judging.embedding)


def _refuse(assertion: Assertion) -> str | None:
    from core.models.embedders import canonical

    return refuse_provider(assertion, canonical, "minilm")


KINDS = (
    Kind(
        "similar",
        "The cosine of the embeddings of output and text, or of the nearest of several, reaches the threshold, 0.75.",
        "promptfoo, Similarity; Reimers and Gurevych 2019, Sentence-BERT",
        "references",
        look,
        expects=True,
        usual=USUAL,
        threshold=(-1.0, 1.0),
        options=("provider",),
        refuse=_refuse,
    ),
)
