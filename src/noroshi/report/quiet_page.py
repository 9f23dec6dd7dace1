"""The sections of the page of a run without a launch."""

from noroshi.report import quiet, quiet_plot
from noroshi.report.folder import Run
from noroshi.report.markup import Inner, Section, element, figure


def claims(run: Run) -> Section:
    """What was claimed, as a table and as it added up."""
    inner: list[Inner] = [quiet.claimed(run)]
    if run.duration_s:
        said = "Each thing and each alert counts once, when it is first claimed; one scale for all nations."
        inner.append(figure(quiet_plot.adding_up(run, "claims"), said))
    return "claims", "What was claimed, all of it false", inner


def there(run: Run) -> Section | None:
    """What was there, and which of it was taken for what; nothing where nobody wrote that down."""
    if "background" not in run.extras:
        return None
    said = (
        "The director's word: a claim is of the object that was where the nation believed the thing to be, "
        "or of nothing. A track, once confirmed, is recognised as aircraft when it keeps its height at a "
        "jet's speed, as satellite when it surely stays in orbit."
    )
    inner: list[Inner] = [quiet.there(run), element("h3", "What it was taken for"), quiet.made_of(run)]
    inner.append(element("p", said, class_="note"))
    if told := quiet.alerts(run):
        inner += [element("h3", "The false alerts"), told]
    return "there", "What was really there", inner
