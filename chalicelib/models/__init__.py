"""The DynamoDB tables: a row for each domain value, and the condition under which it may be written.

What every table needs (rows, transactions, alarms) lies here; each package is a subject.
"""
