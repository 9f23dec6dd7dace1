"""HTML that cannot come out crooked."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from noroshi.report.markup import Markup, element, table

# XML has no way to write most control characters.
words = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn", "Co")))


@given(words, words)
def test_words_come_out_as_they_went_in(inner, title):
    read = ET.fromstring(element("p", inner, title=title))
    assert (read.text or "") == inner
    assert read.get("title") == title


def test_markup_is_not_escaped_twice():
    assert (
        element("p", Markup("<b>x</b>"), " & ", None, ["y", element("br")]) == "<p><b>x</b> &amp; y<br /></p>"
    )


def test_a_table_names_its_rows_and_columns():
    read = ET.fromstring(table(["a", "b"], [["1", "2"]]))
    scopes = [(one.get("scope"), one.text) for one in read.iter("th")]
    assert scopes == [("col", "a"), ("col", "b"), ("row", "1")]
