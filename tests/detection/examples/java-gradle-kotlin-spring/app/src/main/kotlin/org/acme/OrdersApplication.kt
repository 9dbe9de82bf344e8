package org.acme
@SpringBootApplication
class OrdersApplication
fun main(args: Array<String>) {
    runApplication<OrdersApplication>(*args)
}
