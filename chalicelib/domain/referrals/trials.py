"""One trial per client email and program by public sign-up (docs/rules.md §9)."""

import unicodedata

from chalicelib.domain.refusals import Refusal


class TrialUsed(Refusal):
    """Somebody with this email has had a trial of the program."""

    code = "trial_used"
    title = "The trial was used"


def same_person(email: str) -> str:
    """What two addresses have in common that reach one person: in lower case, in normal form KC, without ``+tag``.

    The domain is in ASCII already, as every stored address has it.
    """
    name, _, domain = unicodedata.normalize("NFKC", email).lower().rpartition("@")
    untagged = name.partition("+")[0] or name
    return f"{untagged}@{domain}"
