"""How long a claim may take, how it was settled, and what of the contract's bills was credited for it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from demo.utility import copying as out
from demo.utility.ledger import DAY_US, REFUND, Ledger

DAYS = {"fuga": 2, "sin_servicio": 3, "pago_no_aplicado": 5, "medidor": 7, "consumo_alto": 10, "facturacion": 10}
FOUNDED = {"fuga": "reparacion", "sin_servicio": "servicio_restablecido", "pago_no_aplicado": "pago_aplicado", "medidor": "medidor_verificado"}
CREDITED_WITHIN = 15  # days from the end of a claim to the credit note that it gave rise to


def claim_outcome(ledger: Ledger, claims: list[tuple[int, str, int, int, int]], opened: np.ndarray) -> dict[str, out.Column]:
    """The columns x_due_at, x_resolution and x_amount_adjusted of `claims`, opened at `opened` (µs UTC)."""
    notes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for doc in ledger.docs:
        if doc.kind == REFUND:
            notes[doc.contract].append((doc.issued, doc.total))
    resolutions: list[str | None] = []
    adjusted = []
    for contract, kind, begun, closed, founded in claims:
        credited = sum(total for day, total in notes[contract] if begun <= day <= closed + CREDITED_WITHIN) if founded == 1 else 0
        adjusted.append(out.cents([credited])[0] if credited else out.NULL)
        if closed < 0:
            resolutions.append(None)
        elif founded != 1:
            resolutions.append("no_procede")
        else:
            resolutions.append("ajuste_factura" if credited else FOUNDED.get(kind, "aclaracion"))
    return {"x_due_at": out.moments(opened + np.array([DAYS[k[1]] for k in claims], dtype=np.int64) * DAY_US), "x_resolution": out.texts(resolutions),
            "x_amount_adjusted": adjusted}
