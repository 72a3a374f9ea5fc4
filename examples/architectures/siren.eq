# Sines as activations, an image as a function of its coordinates
# Sitzmann, Martel, Bergman, Lindell and Wetzstein (2020), Implicit neural representations with periodic activation functions
X: 2 x m
Y: 3 x m
W1: 6 x 2
W2: 6 x 6
b1, b2: 6 x 1
V: 3 x 6
H1 = sin(30 * (W1 @ X + b1))
H2 = sin(W2 @ H1 + b2)
loss = sum((V @ H2 - Y)**2) / m
