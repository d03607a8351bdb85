"""`jax-slim models NAME`: all that is known of one net, and what it costs."""

from typing import Any


def card(name: str) -> dict[str, Any]:
    """The facts of a net by the heads that the command shows; those that do not apply are left out.

    Returns:
      A mapping. 'parameters' are trained variables, 'flops' two for each multiplication and addition of one example at
      evaluation, 'bytes' those of all variables in float32. 'published' lists TF-Slim's checkpoints.
    """
    from jax_slim.model_analyzer.tables import table
    from jax_slim.nets.creation import create_model
    from jax_slim.nets.papers import PAPERS
    from jax_slim.nets.published import PUBLISHED
    from jax_slim.nets.registry import ROWS

    model = create_model(name)
    total = table(model, model.example(), is_training=False).total
    paper = PAPERS.get(ROWS[name].module)
    facts = {
        "name": name,
        "input": list(model.input_shape),
        "num_classes": model.num_classes,
        "preprocessing": model.preprocessing,
        "parameters": total.parameters,
        "flops": total.flops,
        "bytes": total.variable_bytes,
        "file": f"jax_slim/nets/{ROWS[name].module}.py",
        "paper": paper and str(paper),
        "published": [
            {"archive": row.archive, "image_size": row.image_size, "top_1": row.top_1, "top_5": row.top_5}
            for row in PUBLISHED
            if row.net == name
        ],
    }
    return {head: fact for head, fact in facts.items() if fact not in (None, [])}


def shown(facts: dict[str, Any]) -> str:
    """A card as lines to read."""
    lines = [
        ("input", " x ".join(map(str, facts["input"]))),
        ("classes", f"{facts['num_classes']}{' (class 0 is background)' if facts['num_classes'] == 1001 else ''}"),
        ("preprocessing", facts.get("preprocessing")),
        ("parameters", f"{facts['parameters']:,}"),
        ("FLOPs", f"{facts['flops'] / 1e9:.2f} G for one example, {facts['flops'] / 2e9:.2f} G multiply-adds"),
        ("size", f"{facts['bytes'] / 1e6:,.1f} MB in float32"),
        ("code", facts["file"]),
        ("paper", facts.get("paper")),
        *(
            (
                "published",
                f"{row['archive']}: top-1 {row['top_1']} %, top-5 {row['top_5']} % at {row['image_size']} pixels",
            )
            for row in facts.get("published", [])
        ),
    ]
    width = max(len(head) for head, _ in lines)
    return "\n".join([facts["name"], *(f"  {head.ljust(width)}  {text}" for head, text in lines if text is not None)])
