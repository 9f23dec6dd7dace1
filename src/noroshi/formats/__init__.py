"""Outside formats and our journal: decode bytes to records, encode them back."""
