<?php
declare(strict_types=1);

if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/health') {
    header('Content-Type: application/json');
    echo json_encode(['status' => 'ok']);
    return;
}
$now = (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format(DATE_ATOM);
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>PHP clock</title>
<h1>PHP clock</h1>
<p>It is <?= htmlspecialchars($now) ?> on PHP <?= htmlspecialchars(PHP_VERSION) ?>.</p>
</html>
