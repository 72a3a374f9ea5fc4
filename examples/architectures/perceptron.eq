# The perceptron criterion
# Rosenblatt (1958), The perceptron
X: 3 x m
Y: 1 x m
w: 1 x 3
loss = sum(max(0, -Y * (w @ X)))
