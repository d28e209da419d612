"""Sign-ups: a client opens an account that it pays for itself, and the account belongs to a partner (§9, §10)."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Client, Status
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.clients import logins as login_domain
from chalicelib.domain.clients.rate_limits import SIGN_UPS_BY_ADDRESS
from chalicelib.domain.emails import same_person
from chalicelib.domain.referrals import sign_ups as domain
from chalicelib.domain.referrals.trials import TrialUsed
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.referrals import invite_links as link_rows
from chalicelib.models.referrals import trials as trial_rows
from chalicelib.models.transactions import Write
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.accounts import own_accounts, passwords
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.clients import rate_limits, sessions
from chalicelib.services.clients.sessions import Session
from chalicelib.services.partners import partners
from chalicelib.services.referrals import attribution as attributions
from chalicelib.services.referrals import visits
from chalicelib.services.referrals.invite_links import Invitation

_CLIENT = login_domain.CLIENT


class SignedUpBefore(Refusal):
    """A repeated sign-up: its account is there, and has another password by now."""

    code = "signed_up_before"
    title = "The account is there already"


@dataclass(frozen=True)
class SignUpRequest:
    """What a client asks for. ``attribution`` and ``pn`` name the partner that sent it; without one, ``program``
    is the program."""

    name: str
    client: Client
    country: str
    language: str
    time_zone: str
    plan: PlanRequest
    password: str
    payment_method: str | None = None
    billing_day: int | None = None
    expect_due_today: int | None = None
    program: str | None = None
    attribution: str | None = None
    pn: str | None = None

    def account(self) -> NewAccountRequest:
        return NewAccountRequest(
            name=self.name,
            client=self.client,
            notification_email=self.client.email,
            country=self.country,
            language=self.language,
            time_zone=self.time_zone,
            plan=self.plan,
            billing_day=self.billing_day,
            expect_due_today=self.expect_due_today,
        )


def sign_up(*, account_id: str, request: SignUpRequest, source: str, now: datetime) -> Session:
    """Open an account that its client pays for, with a session of the client in it.

    The account is credited for good to the partner of a valid attribution or, without one, of the name that was typed;
    otherwise it is the house's. The same ``account_id`` again is the same request repeated. Raises
    :class:`TooManyTries` if one ``source`` (a network address) signs up too often, :class:`Invalid`,
    :class:`TrialUsed`, :class:`SignedUpBefore`, and what :func:`own_accounts.create_own_account` raises.
    """
    before = account_rows.get(account_id)
    if before is None:
        rate_limits.count_attempt(rate_limits.address_key("sign_ups", source), limit=SIGN_UPS_BY_ADDRESS, now=now)
    invitation = _credited_to(request, now=now)
    program = invitation.program if invitation else _program_of_nobody(request)
    kind = domain.kind_of(request.plan, program)
    if invitation is not None:
        partner_id = invitation.partner.id
    else:
        partner_id = partners.house_of(program.name, now=now, actor=_CLIENT).id

    def uses_trial() -> Sequence[Write]:
        return _use_trial(request, program=program, account_id=account_id, now=now) if kind is PlanKind.TRIAL else ()

    account = own_accounts.create_own_account(
        account_id=account_id,
        partner_id=before.partner_id if before else partner_id,
        request=request.account(),
        password=request.password,
        payment_method=request.payment_method,
        extra_writes=uses_trial,
        now=now,
        actor=_CLIENT,
    )
    if invitation is not None and (before is None or before.status is Status.PENDING):
        link_rows.count_sign_up(invitation.partner.id)
    return _session(account, request.password, now=now)


def _credited_to(request: SignUpRequest, *, now: datetime) -> Invitation | None:
    """Whom the account is credited to, if to anybody: a valid attribution beats a typed name.

    Raises :class:`Invalid` for a typed name that leads nowhere, and for another program than the partner's.
    """
    attribution = attributions.read_attribution(request.attribution, now=now) if request.attribution else None
    if attribution is not None:
        invitation = attribution.invitation
    elif request.pn is not None:
        invitation = visits.named_by(request.pn, now=now)
    else:
        return None
    if request.program not in (None, invitation.program.name):
        raise Invalid(errors=[("program", f"must be {invitation.program.name}, the program of the partner")])
    return invitation


def _program_of_nobody(request: SignUpRequest) -> Program:
    """The program of a sign-up that no partner brought: the one it names, that of an attribution that has expired, or
    the only one that offers the plan.
    """
    programs = [load_program(name) for name in program_names()]
    referring = [program for program in programs if "referred" in program.relationships]
    wanted = request.program or attributions.expired_for(request.attribution)
    named = [program for program in referring if program.name == wanted]
    if request.program is not None and not named:
        raise Invalid(errors=[("program", f"must be one of {', '.join(program.name for program in referring)}")])
    found = named or domain.programs_that_offer(request.plan, programs)
    if len(found) != 1:
        names = ", ".join(program.name for program in referring)
        raise Invalid(errors=[("program", f"is needed without a partner: one of {names}")])
    return found[0]


def _use_trial(request: SignUpRequest, *, program: Program, account_id: str, now: datetime) -> Sequence[Write]:
    """The write that uses up the client's trial. Raises :class:`TrialUsed` if another account did."""
    person = same_person(request.client.email)
    if trial_rows.used_by(person, program=program.name) not in (None, account_id):
        raise TrialUsed("This email address has already been used for a trial. Log in to that account, or buy a plan.")
    return [trial_rows.use(person, program=program.name, account_id=account_id, now=now)]


def _session(account: Account, password: str, *, now: datetime) -> Session:
    """A session of the client in its new account. A sign-up that is repeated later must not open what has become of it:
    the client may have changed its password since.
    """
    log_in = name_rows.log_in(account.name)
    if log_in is None or not passwords.matches(password, log_in.password_hash):
        raise SignedUpBefore(f"This request created the account {account.name}. Log in to it with its password of now.")
    login_domain.refuse_log_in(account)
    return sessions.begin_session(account, log_in, now=now)
