"""Numbers -> judgement: storage class, trust, and the facts that rules read. Pure."""
