"""Reports that people read: one HTML file each, complete in itself.

Reports receive frames, they do not query, and they compute nothing but words.

    inputs, overview     what the overview is told, and the report it becomes
    model                what a report is made of
    html                 the report as one page, with all it needs inside

Import the modules themselves: Plotly is loaded with them, and only then.
"""
