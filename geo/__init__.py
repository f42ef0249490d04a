"""The cadastre: reads the utility's GIS file, repairs it, and loads raw.gis_sector (one row per commercial sector)."""
