from tests.web.seeded import Seeded


def test_pages(seeded: Seeded, client) -> None:
    import re
    import time

    c = client()
    for u in ("/en/", "/zh/cars", "/en/cars?q=camry"):
        t = time.time()
        r = c.get(u, follow_redirects=True)
        print(u, r.status_code, len(r.content), time.time() - t)
        assert r.status_code == 200, r.text
    slug = re.search(r'/en/cars/([\w-]+)"', r.text)[1]
    for u in (
        f"/en/cars/{slug}",
        f"/zh/cars/{slug}/{seeded.published}",
        f"/zh/cars/{slug}/{seeded.published}/drawings",
        f"/zh/cars/{slug}/{seeded.published}/provenance",
        f"/en/compare?car={slug}",
        "/en/how-we-test",
        "/zh/api",
        "/api/v1/results",
        "/api/v1/results/" + seeded.published,
        "/api/v1/results/" + seeded.published + "/rating",
        "/api/v1/log",
        "/api/v1/openapi.json",
    ):
        t = time.time()
        r = c.get(u)
        print(u[-50:], r.status_code, len(r.content), round(time.time() - t, 2))
        assert r.status_code == 200, r.text
