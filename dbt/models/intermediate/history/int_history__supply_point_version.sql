{{ history_versions('supply_point') }}
