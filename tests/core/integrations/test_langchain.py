"""Loupe in LangChain's own chains: a collection retrieves, a model answers, streams, stops and counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough

from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput, NotFound, Unsupported
from core.events import SampleFinished
from core.generation.generate import generate
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.integrations.langchain import LoupeChatModel, LoupeRetriever
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words

__all__ = ["words"]


@pytest.fixture
def model(tiny_model: Path) -> BaseChatModel:
    return LoupeChatModel(model=f"path:{tiny_model}", params=SamplingParams(temperature=0, max_tokens=12))


def said_by_loupe(model: BaseChatModel, messages: list[dict[str, str]], **params: object) -> str:
    asked = GenerationRequest.parse(
        model=model.model, messages=messages, params=SamplingParams.parse(**{**model.params.model_dump(), **params})
    )
    return next(event.text for event in generate(asked) if isinstance(event, SampleFinished))


def test_a_real_chain_answers_from_a_collection(words: WordCounts, model: BaseChatModel) -> None:
    put(make(), PLANETS)
    retriever = LoupeRetriever(collection="planets", settings=RetrievalSettings(k=1))
    assert isinstance(retriever, BaseRetriever)
    seen: list[str] = []

    def joined(found: list[Document]) -> str:
        seen.append("\n".join(each.page_content for each in found))
        return seen[-1]

    prompt = ChatPromptTemplate.from_messages([("system", "Answer from: {context}"), ("human", "{question}")])
    chain = {"context": retriever | joined, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    question = "Which planet is the hottest?"
    answer = chain.invoke(question)
    assert seen == [PLANETS["venus.txt"]]
    wanted = [{"role": "system", "content": f"Answer from: {seen[0]}"}, {"role": "user", "content": question}]
    assert answer == said_by_loupe(model, wanted) != ""
    assert "".join(chain.stream(question)) == answer
    assert chain.batch([question, question]) == [answer, answer]
    assert asyncio.run(chain.ainvoke(question)) == answer


def test_documents_say_where_they_come_from(words: WordCounts) -> None:
    put(make(), {"long.txt": "red planet. " * 20}, size=60, parent=120, pages=True)
    first, *_ = LoupeRetriever(collection="planets", settings=RetrievalSettings(k=2)).invoke("red planet")
    assert (first.metadata["source"], first.metadata["title"]) == ("long.txt", "Long")
    assert first.id == str(first.metadata["id"])
    assert first.page_content == ("red planet. " * 20)[first.metadata["start"] : first.metadata["end"]]
    assert len(first.page_content) == 120  # the parent is read
    with pytest.raises(NotFound):
        LoupeRetriever(collection="nowhere").invoke("x")


def test_a_message_has_usage_and_why_it_ended(model: BaseChatModel) -> None:
    said = model.invoke([SystemMessage("Be brief."), HumanMessage("Hello"), AIMessage("Hi"), HumanMessage("And?")])
    usage = said.usage_metadata
    assert usage is not None and usage["input_tokens"] > 10
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] == 12
    assert said.response_metadata["finish_reason"] == "length"
    chunks = list(model.stream("Hello"))
    assert len(chunks) > 3
    assert sum((chunk.usage_metadata or {}).get("output_tokens", 0) for chunk in chunks) == 12


def test_stop_temperature_and_seed_reach_the_engine(model: BaseChatModel) -> None:
    messages = [{"role": "user", "content": "Hello"}]
    whole = str(model.invoke("Hello").content)
    stop = whole[4:7]
    assert model.invoke("Hello", stop=[stop]).content == whole[: whole.index(stop)]
    warm = model.bind(temperature=1.5, seed=7)
    assert warm.invoke("Hello").content == said_by_loupe(model, messages, temperature=1.5, seed=7) != whole
    assert len(model.invoke("Hello", max_tokens=3).content) < len(whole)


def test_what_cannot_be_done_is_one_sentence(model: BaseChatModel) -> None:
    with pytest.raises(InvalidInput, match="no option banana"):
        model.invoke("Hello", banana=1)
    with pytest.raises(InvalidInput, match="temperature is 9"):
        model.invoke("Hello", temperature=9)
    with pytest.raises(InvalidInput, match="leave n at 1"):
        model.invoke("Hello", n=2)
    with pytest.raises(Unsupported, match="tool"):
        model.invoke([HumanMessage("x"), ToolMessage("y", tool_call_id="1")])
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
    with pytest.raises(Unsupported, match="text only"):
        model.invoke([HumanMessage([{"type": "text", "text": "see"}, picture])])


def test_a_reader_who_stops_reading_stops_the_model(model: BaseChatModel) -> None:
    long = model.model_copy(update={"params": SamplingParams(temperature=0, max_tokens=200, min_tokens=200)})
    stream = long.stream("Hello")
    next(stream)
    stream.close()
    assert model.invoke("Hello").content  # the model is free
