"""How Sphinx builds the site: `make docs` puts it into build/docs/html. Nothing is fetched, then or when it is read."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
# Notebooks are programs of their own: they find this package, one processor, and what earlier builds compiled.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(HERE), os.environ.get("PYTHONPATH", "")])
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".cache" / "jax"))

project = "jax-slim"
author = "The jax-slim authors"
copyright = author
html_title = "jax-slim"
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

extensions = ["myst_nb", "site_tools.links"]
exclude_patterns = ["site_tools"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = True
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "docs" / "notebooks")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 150
nb_merge_streams = True
nb_kernel_rgx_aliases = {".*": "python3"}
highlight_language = "text"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
add_module_names = False
# Annotations name types without their modules, which may be two: they then link nowhere.
suppress_warnings = ["ref.python"]


def _make_pages(app):
    """Writes the reference, the nets' pages and the charts, in a process of its own: Sphinx need not know of jax."""
    subprocess.run([sys.executable, "-m", "site_tools", str(HERE / "made")], check=True, cwd=HERE)


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", _make_pages)
