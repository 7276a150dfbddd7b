"""Which form settings are handed over in, for which server."""

from advisor.advice import Advice, Recommendation
from advisor.errors import UsageError
from advisor.vendors.forms import Form, FormName, Written, yaml_scalar
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion


def form_of(name: FormName, vendor: VendorName, version: NumericVersion) -> Form:
    """Raises UsageError where the server is not run that way."""
    server = VENDORS[vendor]
    if form := server.form(name, version):
        return form
    others = " and ".join(other.title for other in VENDORS.values() if name in other.forms)
    raise UsageError(
        f"--format {name} is for {others}, not for {server.title}",
        f"{server.title} has {', '.join(server.forms)} and json",
    )


def written(form: Form, advice: Advice, entry: Recommendation) -> Written:
    """One setting in that form."""
    return form.write(entry, advice.settings, advice.engine_version)


def image_of(advice: Advice) -> str:
    """The official container image of the server's release series, as a YAML scalar."""
    return yaml_scalar(VENDORS[advice.engine].image_tag(advice.engine_version))


def program_of(advice: Advice) -> str:
    """The server's program in that image, as a YAML scalar."""
    return yaml_scalar(VENDORS[advice.engine].image_program)
