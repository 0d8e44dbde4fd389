"""The main job's steps, each from warehouse to warehouse: score, evaluate, plan, report.

    warehouse -> features -> mining -> scores -> warehouse -> plan -> exports, report

Here features meet models and lists meet files; nothing is computed in this
package but the order of calls.

May import: every floor below.   Imported by: project.
"""
