package org.acme;
@Path("/hello") public class Greet { }
