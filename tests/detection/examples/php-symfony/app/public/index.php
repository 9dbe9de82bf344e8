<?php
return fn(array $context) => new Kernel($context["APP_ENV"]);
