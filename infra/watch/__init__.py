"""What is watched on AWS: one list of alarms, from which the template's alarms and both dashboards are made.

Each alarm has a page in docs/runbook, which says what to do. Add an alarm in `alarms.py`, and write its page.
"""
