"""Accounts: creating, reading, canceling, disabling and enabling."""

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.accounts.accounts import AccountCreated, AccountName, AccountShape, Credentials
from chalicelib.api.bodies.accounts.requests import CancelAccount, CreateAccount, DisableAccount, UpdateAccount
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.services.accounts import accounts, creation, details, names

routes = Routes(Blueprint(__name__), tag="accounts")


def check_new_account(call: Call, body: CreateAccount) -> None:
    creation.check_request(partner_id=call.partner_id, request=body.wanted())


@routes.post(
    "/v1/accounts",
    body=CreateAccount,
    rules=check_new_account,
    returns=AccountCreated,
    status=201,
    scope="write",
    summary="Create an account",
    refusals=(402, 409),
)
def create_account(call: Call, body: CreateAccount) -> Answer:
    """Create an account and charge its first period, prepaid money first. If that is declined, nothing is created."""
    created = creation.create_account(
        partner_id=call.partner_id,
        account_id=call.derived_id("acct"),
        request=body.wanted(),
        now=call.now,
        actor=call.actor,
    )
    is_new = created.password is not None  # nothing was earned with it yet
    shape = AccountShape.of(created.account, now=call.now) if is_new else shown_account(call, created.account)
    credentials = Credentials(login_url=accounts.login_url(created.account), password=None)
    return Answer(
        body=AccountCreated(**shape.model_dump(), credentials=credentials),
        secrets={"credentials.password": created.password} if created.password else {},
    )


@routes.get(
    "/v1/accounts/{account_id}",
    returns=AccountShape,
    scope="read",
    summary="Read an account",
    counts=("earned",),
)
def get_account(call: Call, account_id: str) -> AccountShape:
    """One account."""
    return shown_account(call, accounts.get_account(partner_id=call.partner_id, account_id=account_id))


@routes.patch(
    "/v1/accounts/{account_id}",
    body=UpdateAccount,
    returns=AccountShape,
    scope="write",
    summary="Change an account's details",
    refusals=(409,),
)
def update_account(call: Call, account_id: str, body: UpdateAccount) -> AccountShape:
    """Change an account's details or who pays; if the account is past due, a new card is tried soon."""
    account = details.change_details(
        partner_id=call.partner_id, account_id=account_id, request=body.wanted(), now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.delete(
    "/v1/accounts/{account_id}",
    returns=None,
    scope="write",
    summary="Accounts cannot be deleted",
    refusals=(409,),
)
def delete_account(call: Call, account_id: str) -> None:
    """Always refused; the answer says what can be done instead. Canceling ends an account."""
    accounts.refuse_deletion(partner_id=call.partner_id, account_id=account_id, now=call.now)


@routes.get("/v1/account-names/{name}", returns=AccountName, scope="read", summary="Is an account name free?")
def get_account_name(_: Call, name: str) -> AccountName:
    """Whether a new account could have this name, and free ones like it if not."""
    available = names.available(name)
    return AccountName(name=name, available=available, suggestions=[] if available else names.suggestions(name))


@routes.post(
    "/v1/accounts/{account_id}/cancel",
    body=CancelAccount,
    returns=AccountShape,
    scope="write",
    summary="Cancel an account",
    refusals=(409,),
)
def cancel_account(call: Call, account_id: str, body: CancelAccount) -> AccountShape:
    """End an account; nothing is refunded, it stays usable until its paid period ends."""
    account = accounts.cancel_account(
        partner_id=call.partner_id,
        account_id=account_id,
        reason=body.reason,
        retain_data=body.retain_data,
        effective_date=body.effective_date,
        now=call.now,
        actor=call.actor,
    )
    return shown_account(call, account)


@routes.post(
    "/v1/accounts/{account_id}/disable",
    body=DisableAccount,
    returns=AccountShape,
    scope="write",
    summary="Disable an account",
    refusals=(409,),
)
def disable_account(call: Call, account_id: str, body: DisableAccount) -> AccountShape:
    """Keep the client out, with a message at login; the account is billed like any other."""
    account = accounts.disable_account(
        partner_id=call.partner_id, account_id=account_id, message=body.message, now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.post(
    "/v1/accounts/{account_id}/enable",
    returns=AccountShape,
    scope="write",
    summary="Enable a disabled account",
    refusals=(409,),
)
def enable_account(call: Call, account_id: str) -> AccountShape:
    """Let the client in again."""
    account = accounts.enable_account(partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor)
    return shown_account(call, account)
