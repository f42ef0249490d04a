{{ history_versions('contract') }}
