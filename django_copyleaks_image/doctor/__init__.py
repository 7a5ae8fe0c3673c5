"""The doctor: steps that find out why scans do not end, each of which says what is wrong and what to do.

The command ``copyleaks_doctor`` prints what they find.
"""
