"""How documents are split and searched: one validated object each for page, command line, tester, chat and evals.

Knows nothing of how either is done.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InvalidInput

Splitter = Literal["none", "fixed", "recursive", "sentence", "heading", "semantic", "parent-child"]
SPLITTERS: tuple[Splitter, ...] = get_args(Splitter)
Mode = Literal["similarity", "mmr", "keyword", "hybrid"]
MODES: tuple[Mode, ...] = get_args(Mode)
Rewrite = Literal["none", "multi-query", "hyde"]
Fusion = Literal["scores", "rrf"]


class _Validated(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def parse(cls, **values: Any) -> Self:
        """The validated object.

        Raises:
            InvalidInput: a value is malformed or out of range; one sentence that names field and value.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "the settings"
            reason = first["msg"].removeprefix("Value error, ")
            shown = "" if not first["loc"] else f" is {str(first['input'])[:60]!r}"
            raise InvalidInput(f"{name}{shown}: {reason[0].lower()}{reason[1:]}.", name) from None


class SplitSettings(_Validated):
    """How a document's text becomes chunks."""

    splitter: Splitter = "recursive"
    chunk_size: int = Field(200, ge=8, le=8192)
    """Most tokens of a chunk, as the embedding model counts them (of the child, in parent–child)."""
    chunk_overlap: int = Field(20, ge=0, le=4096)
    """Tokens that two neighbours share; splitters that cut at borders of sense (heading, semantic) have none."""
    parent_size: int = Field(800, ge=16, le=32768)
    """Parent–child: most tokens of what is read around a found child."""
    breakpoint_percentile: float = Field(90, ge=1, le=99.9)
    """Semantic: a break where the distance between neighbours is above this percentile of all of them."""

    @model_validator(mode="after")
    def _consistent(self) -> SplitSettings:
        if self.chunk_overlap >= self.chunk_size:
            raise ValueError(
                f"chunk_overlap {self.chunk_overlap} must be smaller than chunk_size {self.chunk_size}; lower it"
            )
        if self.splitter == "parent-child" and self.parent_size < self.chunk_size:
            raise ValueError(f"parent_size {self.parent_size} must be at least chunk_size {self.chunk_size}; raise it")
        return self


class RetrievalSettings(_Validated):
    """How a question finds passages."""

    mode: Mode = "hybrid"
    k: int = Field(5, ge=1, le=1000)
    """Passages to return."""
    candidates: int = Field(50, ge=1, le=5000)
    """Passages that each list brings before fusion, MMR or reranking."""
    fusion: Fusion = "scores"
    """Hybrid: how two lists become one, by their scores (each divided by its best) or by reciprocal ranks alone."""
    weight: float = Field(0.6, ge=0, le=1)
    """Hybrid: share of the similarity list, the rest is the keyword list's; see docs/documents_retrieval.md."""
    rrf_k: int = Field(60, ge=1, le=1000)
    """Hybrid by ranks: the constant of reciprocal rank fusion (Cormack et al. 2009)."""
    mmr_lambda: float = Field(0.5, ge=0, le=1)
    """MMR: 1 looks at the question only, 0 at variety only (Carbonell and Goldstein 1998)."""
    rerank: str | None = Field(None, max_length=500)
    """Reference of a CrossEncoder that reorders the candidates."""
    rewrite: Rewrite = "none"
    """What the model does to the question first: several wordings, or an answer made up to search with (HyDE)."""
    queries: int = Field(3, ge=1, le=8)
    """Multi-query: how many wordings beside the question."""
    model: str | None = Field(None, max_length=500)
    """The model that rewrites; the default one when it is `None`."""
    threshold: float | None = Field(None, ge=-1, le=1)
    """Least cosine similarity of a passage to the question; what is below is not returned."""
    where: dict[str, Any] | None = None
    """Conditions on metadata, written as Chroma's: {"source": "a.pdf"}, {"page": {"$gte": 3}}, {"$and": [...]}."""
