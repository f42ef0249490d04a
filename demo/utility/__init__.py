"""The synthetic utility: people, network, readings, billing and payments of Moca and Espaillat, written into an Odoo-shaped database."""
