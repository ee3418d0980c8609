"""`syncflow trial`: the main job rehearsed and judged from outside."""
