"""The lab: whether our advice helps, by experiment on emulated drives."""
