"""Tables that come in from spreadsheets: read, checked row by row, shown before anything is written.

    cells.py  what one cell may say       files.py, workbooks.py  a file becomes rows of cells
    resources.py  catalogue.py  lots.py  lines.py                 rows become what the shop writes, by its own services
    parcels.py  what waits for the confirmation                   pages.py  the pages of the administration

The reading of rows, the dry run and the rollback are django-import-export's.
"""
