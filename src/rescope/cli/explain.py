"""rescope explain and rescope rules: what each rule finds and does."""

from typing import Annotated

import typer

from rescope.cli.options import fail


def explain(code: Annotated[str, typer.Argument(help="A rule code or name, such as RSC101.")]) -> None:
    """Print the documentation of one rule."""
    from rescope.rules import all_rules

    rule = next((r for r in all_rules() if code.upper() == r.code or code == r.name), None)
    if rule is None:
        raise fail(f"no rule is called {code!r}; `rescope rules` lists them")
    typer.echo(f"{rule.code} {rule.name}\n\n{rule.doc.strip()}")


def rules() -> None:
    """List all rules."""
    from rescope.rules import all_rules

    for rule in all_rules():
        typer.echo(f"{rule.code}  {rule.name:<32}{rule.summary}")
