"""People can read the pages: short sentences, short READMEs."""

import pytest

from tests.test_docs.pages import pages, read, sentences, words

LONGEST = 35  # words


@pytest.mark.parametrize('page', pages())
def test_sentences_are_short(page):
    long = [sentence for sentence in sentences(page) if words(sentence) > LONGEST]
    assert not long, f'{page}: over {LONGEST} words: {long}'


def test_words_are_counted():
    assert words('Two `views`, 3.5 ± 0.8 mm (seed 0).') == 7
    assert words('A frame — of eight — views.') == 5


def test_readmes_are_short():
    assert len(read('README.md').split()) <= 600
    for page in pages():
        if page.startswith('configs'):
            text = [line for line in read(page).splitlines() if not line.startswith('|')]
            assert len(' '.join(text).split()) <= 300, page  # tables are as long as they are
