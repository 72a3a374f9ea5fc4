# Densely connected layers
# Huang, Liu, van der Maaten and Weinberger (2017), Densely connected convolutional networks
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 4 x 7
W3: 4 x 11
V: 2 x 15
A1 = vstack(X, relu(W1 @ X))
A2 = vstack(A1, relu(W2 @ A1))
A3 = vstack(A2, relu(W3 @ A2))
P = softmax(V @ A3)
loss = cross_entropy(P, Y)
