"""Verdicts about somebody's gradient as plain text, a sentence on one line however long it is."""

from symbp.judging.judging import Judged
from symbp.pages.tell import verdict
from symbp.writing.text import words_text, write_text


def headline(judged: Judged) -> str:
    return words_text(verdict.headline(judged))


def verdict_text(judged: Judged) -> str:
    return write_text(verdict.verdict_page(judged), width=1000)
