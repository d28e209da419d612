"""One trial per client email and program by public sign-up (docs/rules.md §9)."""

from chalicelib.domain.refusals import Refusal


class TrialUsed(Refusal):
    """Somebody with this email has had a trial of the program."""

    code = "trial_used"
    title = "The trial was used"
