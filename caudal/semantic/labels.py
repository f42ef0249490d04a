"""The short Spanish names of semantic models and of dimensions, where their own `label` in dbt/semantic does not say one."""

from __future__ import annotations

import re

from .model import Dimension, SemanticModel

# What a person calls a column: of dimensions that many semantic models have. Any other dimension says its own (`label`, or config.meta.label_es).
DIMENSIONS = {
    "period_month": "Mes", "municipality_code": "Código del municipio", "municipality_name": "Municipio", "sector_code": "Código del sector",
    "sector_name": "Sector comercial", "route_code": "Ruta", "user_type_name": "Tipo de usuario", "ageing_bucket": "Antigüedad",
    "ageing_bucket_order": "Orden de la antigüedad", "entity_name": "Entidad", "channel": "Canal", "channel_name": "Canal", "reason": "Motivo",
    "reason_name": "Motivo", "kind": "Clase", "collector": "Cobrador", "collector_name": "Cobrador", "bucket": "Tramo", "concept_type": "Tipo de concepto",
    "concept_name": "Concepto", "payment_form": "Forma de pago", "status": "Estado", "state": "Estado", "cycle_code": "Ciclo", "cycle_name": "Ciclo",
    "step": "Paso", "step_name": "Paso", "metric_name": "Nombre técnico", "scope": "Alcance", "document_kind": "Clase de documento",
    "anomaly_name": "Anomalía", "collector_code": "Código del cobrador", "collector_kind": "Clase de cobrador", "step_order": "Orden del paso",
    "current_step_name": "Paso actual", "reader_name": "Lector", "sender_kind": "Clase de remitente", "from_bucket": "Tramo de origen",
    "to_bucket": "Tramo de destino", "from_bucket_order": "Orden del tramo de origen", "to_bucket_order": "Orden del tramo de destino",
    "credit_origin": "Origen del saldo", "incident_name": "Incidencia", "credit_reason_name": "Motivo de la nota de crédito",
    "failure_reason_name": "Motivo de no entrega", "request_type_name": "Tipo de solicitud", "claim_type_name": "Tipo de reclamo", "team": "Equipo",
    "order_type_name": "Tipo de orden", "work_order_type": "Tipo de orden", "dimension": "Dimensión", "check_name": "Regla", "action_name": "Acción",
    "register_name": "Caja", "cash_register_name": "Caja", "ecf_state": "Estado del e-CF", "user_name": "Usuario", "team_name": "Equipo",
    "account_class": "Clase de cuenta", "account_code": "Cuenta", "account_name": "Nombre de la cuenta", "activity": "Actividad", "build_status": "Resultado",
    "crew": "Cuadrilla", "model_name": "Modelo", "order_kind": "Clase de orden", "quality_dimension": "Dimensión de calidad",
    "request_kind": "Clase de solicitud", "request_source": "Origen de la solicitud", "rule_code": "Código de la regla", "rule_name": "Regla",
    "source_name": "Origen", "user_login": "Cuenta de usuario",
}
_END = re.compile(r"[,.;:(]| por (?:mes|día|cada|contrato|sector)\b| de cada\b| al cierre\b| a fin de mes\b")


def model_label(model: SemanticModel) -> str:
    """What people call the semantic model's mart: its label, else the first words of its description (up to « por mes », a comma, a full stop)."""
    if model.label:
        return model.label
    text = _END.split(model.description.strip())[0].strip()
    return text or model.name.replace("_", " ").capitalize()


def dimension_label(dimension: Dimension | str, description: str = "") -> str:
    """What people call the dimension or column: its label, else the shared one, else the first words of `description` when they are short."""
    name, own = (dimension, None) if isinstance(dimension, str) else (dimension.name, dimension.label)
    if own or name in DIMENSIONS:
        return own or DIMENSIONS[name]
    text = _END.split(description.strip())[0].strip()
    return text if 0 < len(text) <= 30 else name.replace("_", " ").capitalize()
