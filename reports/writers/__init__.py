"""Writers shared by all reports: numbers as Dominicans read them, XLSX, PDF, delimited text. They know nothing of any report."""
