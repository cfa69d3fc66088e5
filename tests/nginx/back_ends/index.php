<?php
// A front controller: what frameworks make of REQUEST_URI.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$path = is_string($path) ? rawurldecode($path) : '';
if (preg_match('#^/(manager|public)(/|$)#', $path, $found) || preg_match('#^/properties/(elm-court|oak-house)(/|$)#', $path, $found)) {
    echo "PAGE $found[1]";
} elseif ($path === '/') {
    echo 'PAGE front';
} else {
    http_response_code(404);
    echo 'none';
}
