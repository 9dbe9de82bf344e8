public class Clock {
    public static void main(String[] args) {}
}
