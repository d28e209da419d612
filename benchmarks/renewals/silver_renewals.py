"""Renewals of django-silver 0.11.1 on PostgreSQL, turn by turn; run by the Python of the peer's own environment.

Makes its subscriptions, then answers one line of JSON to each line on its input: `{"renew": 500}` renews as many more
subscriptions, `{"again": true}` bills all of those that were renewed once more, which must write nothing.

A renewal here is what silver does for one: its own `DocumentsGenerator` issues the invoice and its billing log, and
creates the transaction; for a card, `execute_transactions` then settles it with a processor that says yes at once.
"""

import argparse
import datetime
import json
import os
import sys
import time
from decimal import Decimal
from typing import Any

START = datetime.date(2026, 1, 1)
RENEWAL = datetime.date(2026, 2, 1)
PROCESSOR = "yes"


def configured(database: str, socket: str) -> None:
    """Django with nothing but silver and what its models need."""
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "silver"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database,
                "HOST": socket,
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SILVER_AUTOMATICALLY_CREATE_TRANSACTIONS=True,
        PAYMENT_PROCESSORS={PROCESSOR: {"class": "silver_renewals.SaysYes"}},
        PAYMENT_METHOD_SECRET=b"",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
        ],
        USE_TZ=True,
        TIME_ZONE="UTC",
        SECRET_KEY="only for this run",
        LOGGING_CONFIG=None,
    )
    import django

    django.setup()
    globals()["SaysYes"] = processor()


def processor() -> type:
    """A card processor that says yes at once. Silver finds it by its name in this module."""
    from silver.payment_processors.base import PaymentProcessorBase
    from silver.payment_processors.mixins import TriggeredProcessorMixin

    class SaysYes(PaymentProcessorBase, TriggeredProcessorMixin):  # type: ignore[misc]
        allowed_currencies = ("USD",)

        def execute_transaction(self, transaction: Any) -> bool:
            transaction.settle()
            transaction.save()
            return True

    return SaysYes


class Silver:
    """A provider with customers that pay by card or, without a payment method, not at all: silver has no wallet."""

    def __init__(self, *, customers: int, subscriptions: int, card: bool) -> None:
        from silver import models

        self._card = card
        provider = models.Provider.objects.create(
            name="Vendor",
            address_1="1 Main St",
            country="US",
            city="Chicago",
            flow="invoice",
            invoice_series="V",
            invoice_starting_number=1,
            default_document_state="issued",
        )
        plan = models.Plan.objects.create(
            name="Plus",
            interval="month",
            interval_count=1,
            amount=Decimal("24.00"),
            currency="USD",
            prebill_plan=True,
            product_code=models.ProductCode.objects.create(value="plus"),
            provider=provider,
        )
        self.customers = []
        for number in range(customers):
            customer = models.Customer.objects.create(
                first_name="Agency",
                last_name=str(number),
                address_1="2 Main St",
                country="US",
                city="Chicago",
                currency="USD",
                sales_tax_percent=None,
            )
            if card:
                models.PaymentMethod.objects.create(payment_processor=PROCESSOR, customer=customer, verified=True)
            made = models.Subscription.objects.bulk_create(
                models.Subscription(plan=plan, customer=customer, start_date=START, state="active")
                for _ in range(subscriptions)
            )
            models.BillingLog.objects.bulk_create(
                models.BillingLog(
                    subscription=subscription,
                    billing_date=START,
                    total=plan.amount,
                    plan_amount=plan.amount,
                    plan_billed_up_to=RENEWAL - datetime.timedelta(days=1),
                    metered_features_billed_up_to=START - datetime.timedelta(days=1),
                )
                for subscription in made
            )
            self.customers.append(customer)
        self._each = subscriptions
        self._next = 0

    def renew(self, count: int) -> dict[str, Any]:
        """Renew this many subscriptions: all of as many customers as have them."""
        customers = self.customers[self._next : self._next + count // self._each]
        self._next += len(customers)
        return self._billed(customers)

    def again(self) -> dict[str, Any]:
        """Bill everything that was renewed once more."""
        return self._billed(self.customers[: self._next])

    def _billed(self, customers: list[Any]) -> dict[str, Any]:
        from django.core.management import call_command
        from silver.documents_generator import DocumentsGenerator

        before = self._counted()
        cpu, wall = time.process_time(), time.perf_counter()
        DocumentsGenerator().generate(billing_date=RENEWAL, customers=customers)
        if self._card:
            call_command("execute_transactions")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu, "wall": wall, **{name: n - before[name] for name, n in self._counted().items()}}

    @staticmethod
    def _counted() -> dict[str, int]:
        from silver import models

        return {
            "invoices": models.Invoice.objects.exclude(state="draft").count(),
            "paid": models.Invoice.objects.filter(state="paid").count(),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True, help="the directory of PostgreSQL's socket")
    parser.add_argument("--customers", type=int, required=True)
    parser.add_argument("--subscriptions", type=int, required=True, help="of each customer")
    parser.add_argument("--card", action="store_true")
    arguments = parser.parse_args()
    sys.modules["silver_renewals"] = sys.modules[__name__]
    configured("postgres", arguments.socket)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    silver = Silver(customers=arguments.customers, subscriptions=arguments.subscriptions, card=arguments.card)
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(silver.again() if "again" in asked else silver.renew(asked["renew"])), flush=True)


if __name__ == "__main__":
    main()
