"""Addresses of the app `packaging`."""

from django.urls import URLPattern, path

from packaging.views import goods, orders, pending, shopping, stock, stock_in, stock_out, together

app_name = "packaging"

urlpatterns: list[URLPattern] = [
    path("pending/", pending.pending_list, name="pending_list"),
    path("pending/<int:composition_id>/", pending.lot_assign, name="lot_assign"),
    path("pending/<int:composition_id>/preview/", pending.lot_assign_preview, name="lot_assign_preview"),
    path("pending/<int:composition_id>/fill/", pending.lot_assign_fill, name="lot_assign_fill"),
    path("make/", goods.make, name="make"),
    path("make/together/", together.make_together, name="make_together"),
    path("goods/<int:good_id>/", goods.good_detail, name="good_detail"),
    path("goods/<int:good_id>/lines/add/", goods.line_add, name="line_add"),
    path("lines/<int:line_id>/", goods.line_change, name="line_change"),
    path("lines/<int:line_id>/remove/", goods.line_remove, name="line_remove"),
    path("orders/", orders.order_list, name="order_list"),
    path("orders/open/", orders.order_open, name="order_open"),
    path("orders/<int:order_id>/", orders.order_detail, name="order_detail"),
    path("orders/<int:order_id>/change/", orders.order_change, name="order_change"),
    path("orders/<int:order_id>/close/", orders.order_close, name="order_close"),
    path("orders/<int:order_id>/cancel/", orders.order_cancel, name="order_cancel"),
    path("shopping/", shopping.shopping_list, name="shopping_list"),
    path("shopping/list.csv", shopping.shopping_csv, name="shopping_csv"),
    path("stock/", stock.stock, name="stock"),
    path("stock/generics/<int:pk>/", stock.generic_detail, name="generic_detail"),
    path("stock/lots/", stock.lot_list, name="lot_list"),
    path("stock/lots/<int:pk>/", stock.lot_detail, name="lot_detail"),
    path("stock/lots/<int:pk>/void/", stock_in.receipt_void, name="receipt_void"),
    path("stock/lots/<int:pk>/cost/", stock_in.cost_correct, name="cost_correct"),
    path("stock/receive/", stock_in.stock_receive, name="stock_receive"),
    path("stock/bake/", stock_in.stock_bake, name="stock_bake"),
    path("stock/opening/", stock_in.stock_opening, name="stock_opening"),
    path("stock/count/", stock_out.stock_count, name="stock_count"),
    path("stock/issue/", stock_out.stock_issue, name="stock_issue"),
]
