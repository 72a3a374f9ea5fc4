# Dropout with a mask that is drawn with the data
# Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout
X: 4 x m
D: 6 x m input
Y: 3 x m
W: 6 x 4
b: 6 x 1
V: 3 x 6
H = relu(W @ X + b) * D / 0.5
P = softmax(V @ H)
loss = cross_entropy(P, Y)
