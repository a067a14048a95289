"""Addresses of the app `assembly`."""

from django.urls import URLPattern, path

from assembly.views import books, day, debts, explain, making, record, reports, runs, today, undo

app_name = "assembly"

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("record/", record.run_record, name="run_record"),
    path("record/preview/", record.run_preview, name="run_preview"),
    path("record/plan/", making.run_plan, name="run_plan"),
    path("day/", day.day_sheet, name="day_sheet"),
    path("day/<int:run_id>/", day.day_detail, name="day_detail"),
    path("day/<int:run_id>/void/", day.day_void, name="day_void"),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/<int:run_id>/", runs.run_detail, name="run_detail"),
    path("runs/<int:run_id>/void/", undo.run_void, name="run_void"),
    path("runs/<int:run_id>/correct/", undo.run_correct, name="run_correct"),
    path("reports/", reports.report, {"name": "cost"}, name="report_cost"),
    path("reports/packaging/", reports.report, {"name": "use"}, name="report_use"),
    path("reports/losses/", reports.report, {"name": "loss"}, name="report_loss"),
    path("reports/stock/", reports.report, {"name": "value"}, name="report_value"),
    path("books/", books.books_check, name="books_check"),
    path("explain/<slug:figure>/<int:pk>/", explain.explain, name="explain"),
    path("explain/<slug:figure>/<int:pk>/<slug:key>/", explain.explain_thing, name="explain_thing"),
    path("debts/", debts.debt_list, name="debt_list"),
    path("debts/accept/", debts.debts_accept, name="debts_accept"),
    path("debts/<int:debt_id>/", debts.debt_settle, name="debt_settle"),
    path("debts/<int:debt_id>/accept/", debts.debt_accept, name="debt_accept"),
    path("debts/<int:debt_id>/waive/", debts.debt_waive, name="debt_waive"),
    path("stock/lots/<int:pk>/trace/", making.lot_trace, name="lot_trace"),
]
