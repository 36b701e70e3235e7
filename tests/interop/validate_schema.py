"""Judges documents by JSON Schemas: `{"schemas": {NAME: SCHEMA}, "documents": [[NAME, DOCUMENT], …]}` on standard input.

Prints a list: for each document `null`, or the first thing that is wrong with it.
"""

import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def main():
    given = json.load(sys.stdin)
    validators = {}
    for name, schema in given["schemas"].items():
        Draft202012Validator.check_schema(schema)
        validators[name] = Draft202012Validator(schema)
    verdicts = []
    for name, document in given["documents"]:
        error = best_match(validators[name].iter_errors(document))
        verdicts.append(None if error is None else f"{error.json_path}: {error.message}")
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    main()
