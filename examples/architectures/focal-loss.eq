# The focal loss: what is classified well counts little
# Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection
X: 4 x m
Y: 1 x m
W: 5 x 4
v: 1 x 5
p = sigmoid(v @ relu(W @ X))
q = Y * p + (1 - Y) * (1 - p)
a = 0.25 * Y + 0.75 * (1 - Y)
loss = -mean(a * (1 - q)**2 * log(q))
